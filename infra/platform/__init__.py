"""What everything else stands on: settings, PostgreSQL connections, embedded services, child processes."""
