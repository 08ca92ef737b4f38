from infra.platform.durable_files import write_durably


def test_a_file_is_replaced_as_a_whole_and_is_its_owner_s_alone(tmp_path):
    file = tmp_path / "kept" / "key"
    write_durably(file, b"first")
    write_durably(file, b"2")

    assert file.read_bytes() == b"2"
    assert [one.name for one in file.parent.iterdir()] == ["key"]
    assert (oct(file.stat().st_mode & 0o777), oct(file.parent.stat().st_mode & 0o777)) == ("0o600", "0o700")
