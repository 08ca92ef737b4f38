-- migrate:up
-- Whether these streams still end with these versions (0: has not begun). Asked while the head row is held, so that
-- nobody can write between the answer and the commit. VOLATILE, and it must be: only so do its queries see what was
-- committed while the statement that calls it waited for the head row. A scalar subquery for the same reason as in
-- in_order().

DO $do$
BEGIN
  EXECUTE format($sql$
    CREATE FUNCTION %1$I.still_stand(streams uuid[], versions int[]) RETURNS boolean LANGUAGE plpgsql VOLATILE AS $f$
    BEGIN
      PERFORM FROM unnest(streams, versions) AS seen (stream, version)
      WHERE (SELECT next.position FROM %1$I.events next
             WHERE next.stream_id = seen.stream AND next.version = seen.version + 1) IS NOT NULL
      LIMIT 1;
      IF FOUND THEN
        RAISE EXCEPTION 'a stream that the command rests on has grown'
          USING ERRCODE = '23505', CONSTRAINT = 'still_stand';
      END IF;
      RETURN true;
    END $f$
  $sql$, current_schema());
  EXECUTE format('REVOKE ALL ON FUNCTION %1$I.still_stand(uuid[], int[]) FROM PUBLIC', current_schema());
  EXECUTE format('GRANT EXECUTE ON FUNCTION %1$I.still_stand(uuid[], int[]) TO %1$I', current_schema());
END $do$;

-- migrate:down
DROP FUNCTION still_stand(uuid[], int[]);
