import socket
from collections.abc import Iterator
from http import HTTPStatus

import httpx2
import pytest

from infra.ledger.note import VerifierKey, read_signatures
from infra.ledger.witness import REQUEST_LIMIT, SIZE_TYPE, TEXT_TYPE, Request
from infra.transparency.witness_server import Cosigner
from services import cli
from tests.infra.ledger.example import LOG
from tests.infra.ledger.test_witness import FORKED, a_request, at_size
from tests.provinces.witnesses import PATIENCE, Process, running

NAME = "witness.example/w"


@pytest.fixture(scope="module")
def witness(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Process]:
    house = tmp_path_factory.mktemp("witness")
    with running(house, LOG.verifier) as process:
        yield process


def test_a_witness_says_first_who_it_is_and_where(witness):
    said = witness.supervisor.log("witness").read_text().split()

    assert said[:2] == [str(witness.vkey), witness.url]
    assert VerifierKey.read(said[0]) == witness.vkey


def test_what_it_cosigns_holds_and_what_it_refuses_is_answered_as_the_protocol_has_it(witness):
    first = witness.ask(a_request(0, 5))
    behind = witness.ask(a_request(0, 9))
    forked = witness.ask(a_request(5, 9, FORKED))
    unknown = witness.ask(replace_origin(a_request(5, 9)))
    second = witness.ask(a_request(5, 9))

    assert [one.status_code for one in (first, behind, forked, unknown, second)] == [200, 409, 422, 404, 200]
    assert [one.headers["content-type"] for one in (first, behind)] == [TEXT_TYPE, SIZE_TYPE]
    assert behind.text == "5\n"
    assert at_size(9).sign(LOG).also(read_signatures(second.text)).check([LOG.verifier, witness.vkey])
    assert len(list((witness.folder / "contradictions").iterdir())) == 1


def replace_origin(request: Request) -> bytes:
    return bytes(request).replace(b"minhchuan.example", b"other.example")


def test_a_body_that_is_too_long_is_not_read(witness):
    assert witness.ask(b"x" * (REQUEST_LIMIT + 1)).status_code == HTTPStatus.REQUEST_ENTITY_TOO_LARGE


def test_nothing_else_is_served(witness):
    with httpx2.Client(base_url=witness.url, trust_env=False) as client:
        assert client.get("/add-checkpoint").status_code == HTTPStatus.METHOD_NOT_ALLOWED
        assert [client.get(path).status_code for path in ("/", "/schema", "/key", "/logs")] == [404] * 4


@pytest.mark.parametrize(
    ("head", "status"),
    [
        (b"POST /add-checkpoint HTTP/1.1\r\nHost: w\r\nTransfer-Encoding: chunked\r\n\r\n", b"411"),
        (b"POST /add-checkpoint HTTP/1.1\r\nHost: w\r\n\r\n", b"411"),
        (b"POST /add-checkpoint HTTP/1.1\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nold", b"411"),
        (b"POST /add-checkpoint HTTP/1.1\r\nContent-Length: -1\r\n\r\n", b"411"),
        (b"POST /add-checkpoint HTTP/1.1\r\nContent-Length: " + b"9" * 5_000 + b"\r\n\r\n", b"413"),
        (b"POST /add-checkpoint HTTP/1.1\r\nContent-Length: 9\r\n\r\nold", b"400"),
        (b"POST /add-checkpoint HTTP/1.1\r\nContent-Length: 3\r\n\r\nold", b"400"),
        (b"PUT /add-checkpoint HTTP/1.1\r\nContent-Length: 3\r\n\r\nold", b"405"),
        (b"HEAD /add-checkpoint HTTP/1.1\r\n\r\n", b"405"),
        (b"POST //add-checkpoint/.. HTTP/1.1\r\nContent-Length: 0\r\n\r\n", b"404"),
        (b"GET /" + b"a" * 70_000, b"414"),
        (b"POST /add-checkpoint HTTP/1.1\r\n" + b"A: b\r\n" * 200 + b"\r\n", b"431"),
    ],
    ids=lambda given: given[:60].decode("latin-1") if len(given) > 3 else None,
)
def test_a_request_that_is_none_is_refused_in_one_answer(witness, head, status):
    with socket.create_connection(("127.0.0.1", witness.port), timeout=PATIENCE) as connection:
        connection.sendall(head)
        connection.shutdown(socket.SHUT_WR)
        answer = b"".join(iter(lambda: connection.recv(4_096), b""))

    assert answer.split()[1] == status
    assert answer.count(b"HTTP/1.1 ") == 1
    assert b"Connection: close" in answer


def test_who_asks_first_whether_to_send_the_body_is_told_to(witness):
    with socket.create_connection(("127.0.0.1", witness.port), timeout=PATIENCE) as connection:
        connection.sendall(b"POST /add-checkpoint HTTP/1.1\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\n")
        assert connection.recv(4_096).startswith(b"HTTP/1.1 100 ")

        connection.sendall(b"old")
        assert connection.recv(4_096).startswith(b"HTTP/1.1 400 ")


def test_a_port_that_somebody_else_has_is_said(witness, tmp_path, capsys):
    Cosigner.open(tmp_path, NAME)

    assert cli.main(["witness", "--folder", str(tmp_path), "--port", str(witness.port)]) == 2
    assert f"cannot listen at 127.0.0.1:{witness.port}" in capsys.readouterr().err


@pytest.mark.parametrize(
    "beginning",
    [
        b"",
        b"POST /add-checkpoint HTTP/1.1\r\nHost: w\r\n",
        b"POST /add-checkpoint HTTP/1.1\r\nHost: w\r\nContent-Length: 9\r\n\r\nold",
    ],
    ids=["nothing", "half a head", "half a body"],
)
def test_who_sends_too_slowly_is_let_go_and_holds_up_nobody(witness, beginning):
    with socket.create_connection(("127.0.0.1", witness.port), timeout=PATIENCE) as slow:
        slow.sendall(beginning)
        assert witness.ask(b"").status_code == HTTPStatus.BAD_REQUEST

        while slow.recv(4_096):
            pass


@pytest.mark.fault
def test_a_killed_witness_remembers_what_it_had_cosigned(tmp_path):
    with running(tmp_path, LOG.verifier) as witness:
        size = 0
        for kill in range(3):
            assert witness.ask(a_request(size, size + 5 + kill)).status_code == HTTPStatus.OK
            size += 5 + kill
            witness.kill()
            witness.start()

            assert witness.ask(a_request(size, size, FORKED)).status_code == HTTPStatus.UNPROCESSABLE_ENTITY
            assert witness.ask(a_request(0, size)).text == f"{size}\n"


def test_a_witness_without_its_memory_does_not_start(tmp_path, capsys):
    Cosigner.open(tmp_path, NAME)
    (tmp_path / "cosigned.sqlite").unlink()

    assert cli.main(["witness", "--folder", str(tmp_path), "--name", NAME]) == 2

    said = capsys.readouterr()
    assert said.out == ""
    assert "is retired" in said.err


def test_a_list_of_logs_that_is_none_is_said(tmp_path, capsys):
    Cosigner.open(tmp_path, NAME)
    (tmp_path / "logs").write_text("nonsense\n")

    assert cli.main(["witness", "--folder", str(tmp_path)]) == 2
    assert "not a key" in capsys.readouterr().err
