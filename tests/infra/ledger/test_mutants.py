"""Every comparison and every condition of the verifier, changed: what is accepted and refused must tell each mutant.

A mutant that lives is a comparison that no test watches. Mutated are all modules that judge what others hand in; of
`tiles`, which makes proofs, what reads names, bundles and stored hashes.
"""

import ast
import copy
import re
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import infra.ledger
from infra.ledger.text import HASHES, LARGEST
from infra.ledger.tree import node
from tests.infra.ledger import refused
from tests.infra.ledger.example import AT, LEAVES, LOG, ORIGIN, POLICY, PROOF, WITNESS
from tests.infra.ledger.naive import Tree

MODULES = ("text", "tree", "tiles", "note", "checkpoint", "witness_policy", "proof", "witness", "epoch")
FOLDER = Path(infra.ledger.__file__).parent
SOURCES = {name: ast.parse((FOLDER / f"{name}.py").read_text()) for name in MODULES}
CODE = {name: compile(tree, name, "exec") for name, tree in SOURCES.items()}
JUDGING_TILES = {"read_path", "read_bundle", "_hashes", "replay"}

ORDER: list[type[ast.cmpop]] = [ast.Eq, ast.NotEq, ast.Lt, ast.LtE, ast.Gt, ast.GtE]
OTHERS: dict[type[ast.cmpop], list[type[ast.cmpop]]] = {
    **{one: [other for other in ORDER if other is not one] for one in ORDER},
    ast.Is: [ast.IsNot],
    ast.IsNot: [ast.Is],
    ast.In: [ast.NotIn],
    ast.NotIn: [ast.In],
}

#: Mutants that are the same function: what would tell them apart cannot happen.
SAME = {
    "text.py read_base64: base64(raw) != text -> base64(raw) < text",  # spare bits make a text sort higher, never lower
    "tree.py verify_consistency: old == 0 -> old <= 0",  # what is below is refused in the line before
    "tree.py _root_above: size == 1 -> size <= 1",  # a subtree has a leaf
    "tree.py _roots_above: old == new -> old >= new",  # the old tree is never larger
    "tiles.py read_path: found[1] == 'entries' -> found[1] >= 'entries'",  # a number sorts lower
    "tiles.py read_path: 0 < width <= FULL -> 0 != width <= FULL",  # digits without a sign
    "tiles.py replay: edge.size == stop -> edge.size >= stop",  # no batch goes beyond its stop
    "tiles.py read_bundle: at < len(raw) -> at != len(raw)",  # an entry that ends beyond is refused
    "checkpoint.py read: found.size == 0 -> found.size <= 0",  # digits without a sign
    "witness_policy.py _once: len(set(listed)) < len(listed) -> len(set(listed)) != len(listed)",  # no set is larger
    "epoch.py origin: self.number == 1 -> self.number <= 1",  # there is none below
    "witness_policy.py witnessed: self.quorum > 0 -> self.quorum != 0",  # digits without a sign
}


# Mutants ----------------------------------------------------------------------------------------------


def functions(module: ast.Module) -> Iterator[ast.FunctionDef]:
    for one in ast.walk(module):
        if isinstance(one, ast.FunctionDef):
            yield one


def changes(expression: ast.AST) -> Iterator[ast.AST]:
    """The expression, each time with one thing changed."""
    match expression:
        case ast.Compare():
            for place, operator in enumerate(expression.ops):
                for other in OTHERS[type(operator)]:
                    changed = copy.deepcopy(expression)
                    changed.ops[place] = other()
                    yield changed
        case ast.BoolOp():
            yield ast.BoolOp(ast.And() if isinstance(expression.op, ast.Or) else ast.Or(), expression.values)
        case ast.UnaryOp(op=ast.Not()):
            yield expression.operand


def conditions(function: ast.FunctionDef) -> Iterator[ast.expr]:
    """What decides something: tests of `if` and the like that are not comparisons already."""
    for one in ast.walk(function):
        if isinstance(one, ast.If | ast.IfExp) and isinstance(one.test, ast.Name | ast.Call | ast.NamedExpr):
            yield one.test


class Replace(ast.NodeTransformer):
    def __init__(self, old: ast.AST, new: ast.AST) -> None:
        self.old, self.new = old, new

    def visit(self, node: ast.AST) -> Any:
        return self.new if node is self.old else super().visit(node)


def mutants() -> Iterator[tuple[str, str, ast.Module]]:
    """Name of the mutant, its module, and the whole of it."""
    for name, module in SOURCES.items():
        for function in functions(module):
            if name == "tiles" and function.name not in JUDGING_TILES:
                continue
            changed = [(one, new) for one in ast.walk(function) for new in changes(one)]
            turned = [(one, ast.UnaryOp(ast.Not(), one)) for one in conditions(function)]
            for old, new in (*changed, *turned):
                label = f"{name}.py {function.name}: {ast.unparse(old)} -> {ast.unparse(new)}"
                twin = ast.parse((FOLDER / f"{name}.py").read_text())
                there = next(two for one, two in zip(ast.walk(module), ast.walk(twin), strict=True) if one is old)
                yield label, name, ast.fix_missing_locations(Replace(there, copy.deepcopy(new)).visit(twin))


@contextmanager
def ledger(mutated: str = "", tree: ast.Module | None = None) -> Iterator[SimpleNamespace]:
    """The package made anew, with one module mutated; the real one is back afterwards."""
    names = [f"infra.ledger.{name}" for name in MODULES]
    real = {name: sys.modules[name] for name in names}
    made = SimpleNamespace()
    try:
        for name, full in zip(MODULES, names, strict=True):
            module = sys.modules[full] = ModuleType(full)
            code = compile(tree, name, "exec") if tree is not None and name == mutated else CODE[name]
            exec(code, module.__dict__)
            setattr(made, name, module)
        yield made
    finally:
        sys.modules.update(real)


# What must be accepted and refused --------------------------------------------------------------------

NAIVE = Tree([b"leaf %d" % number for number in range(20)])
HASHES_OF = [NAIVE.mth(number, number + 1) for number in range(20)]
LONGEST = [bytes([number]) * 32 for number in range(HASHES)]
TOP = HASHES_OF[0]
for sibling in LONGEST:
    TOP = node(TOP, sibling)
ZERO, ONES = bytes(32), b"\xff" * 32
NOTE_TEXT = refused.HEAD.text
TWICE = [WITNESS.sign(NOTE_TEXT, at) for at in (AT, AT - 5, AT + 5)]


class Lives(AssertionError):
    pass


def accepted(value: object, expected: object = None) -> None:
    if value != expected:
        raise Lives(f"{value} instead of {expected}")


def refuses(kind: type[Exception], call: Callable[..., object], *arguments: object, reason: str = "") -> None:
    try:
        call(*arguments)
    except kind as refusal:
        if re.search(reason, str(refusal)):
            return
        raise Lives(str(refusal)) from None
    raise Lives(f"{arguments} accepted")


def matrix(m: SimpleNamespace) -> None:
    trees(m)
    texts(m)
    stored(m)
    notes(m)
    policies(m)
    witnesses(m)
    epochs(m)


def trees(m: SimpleNamespace) -> None:
    bad = m.text.BadProof
    inclusion, consistency = m.tree.verify_inclusion, m.tree.verify_consistency
    for size in (1, 2, 3, 5, 7, 8, 12):
        whole = NAIVE.mth(0, size)
        for index in range(size):
            path, leaf = NAIVE.path(index, 0, size), HASHES_OF[index]
            accepted(inclusion(index, size, leaf, path, whole))
            refuses(bad, inclusion, index, size, leaf, path[:-1] if path else [ZERO], whole)
            refuses(bad, inclusion, index, size, leaf, path[1:] if path else [ONES], whole)
            refuses(bad, inclusion, index, size, leaf, [*path, ZERO], whole)
            refuses(bad, inclusion, index, size, leaf, [ZERO, *path], whole)
            for root in (ZERO, ONES):
                refuses(bad, inclusion, index, size, leaf, path, root)
                refuses(bad, inclusion, index, size, root, path, whole)
        for index in (-1, size, size + 1):
            refuses(bad, inclusion, index, size, HASHES_OF[0], NAIVE.path(0, 0, size), whole, reason="no leaf")
        for old in range(1, size + 1):
            part, proof = NAIVE.mth(0, old), NAIVE.proof(old, size)
            accepted(consistency(old, part, size, whole, proof))
            refuses(bad, consistency, old, part, size, whole, [*proof, ZERO])
            refuses(bad, consistency, old, part, size, whole, [ZERO, *proof])
            refuses(bad, consistency, old, part, size, whole, proof[:-1] if proof else [ONES])
            for other in (ZERO, ONES):
                refuses(bad, consistency, old, other, size, whole, proof)
                refuses(bad, consistency, old, part, size, other, proof)
    accepted(inclusion(0, LARGEST, HASHES_OF[0], LONGEST, TOP))
    refuses(bad, inclusion, 0, LARGEST + 1, HASHES_OF[0], LONGEST, TOP, reason="no leaf")
    refuses(bad, inclusion, 0, LARGEST, HASHES_OF[0], [*LONGEST, ZERO], TOP, reason="more than 63")
    for short in (ZERO[1:], ZERO + b"\0"):
        refuses(bad, inclusion, 0, 2, HASHES_OF[0], [short], ZERO, reason="32 bytes")
    accepted(consistency(0, m.tree.EMPTY, 0, m.tree.EMPTY, []))
    accepted(consistency(0, m.tree.EMPTY, 3, NAIVE.mth(0, 3), []))
    for root in (ZERO, ONES):
        refuses(bad, consistency, 0, root, 3, NAIVE.mth(0, 3), [])
        refuses(bad, consistency, 0, m.tree.EMPTY, 0, root, [])
    refuses(bad, consistency, 0, m.tree.EMPTY, 3, NAIVE.mth(0, 3), [NAIVE.mth(0, 3)], reason="no hashes")
    refuses(bad, consistency, 3, NAIVE.mth(0, 3), 2, NAIVE.mth(0, 2), [], reason="cannot follow")
    refuses(bad, consistency, -1, m.tree.EMPTY, 2, NAIVE.mth(0, 2), [], reason="cannot follow")
    refuses(bad, consistency, 0, m.tree.EMPTY, LARGEST + 1, ONES, [], reason="cannot follow")
    accepted(consistency(0, m.tree.EMPTY, LARGEST, ONES, []))


def texts(m: SimpleNamespace) -> None:
    t = m.text
    for number in (0, 1, 10, LARGEST):
        accepted(t.read_decimal(str(number), "n"), number)
    for text in ("", "01", "-1", "+1", " 1", "x", str(LARGEST + 1), "1" * 20):
        refuses(t.Malformed, t.read_decimal, text, "n", reason="canonical decimal")
    for raw in (b"", b"a", b"ab", b"abc", ONES):
        accepted(t.read_base64(t.base64(raw), "b"), raw)
    for text in ("A", "AA", "AA=", "AB==", "AA==\n", "A A==", "AA==AA==", "____", "=", "ạ"):
        refuses(t.Malformed, t.read_base64, text, "b", reason="base64")
    accepted(t.read_hashes([t.base64(ONES)] * 63), (ONES,) * 63)
    refuses(t.Malformed, t.read_hashes, [t.base64(ONES)] * 64, reason="64 hashes")
    for raw in (b"", ONES[1:], ONES + b"\0"):
        refuses(t.Malformed, t.read_hash, t.base64(raw), "h", reason="SHA-256")
    accepted(t.read_utf8("ạ\n".encode(), 4, "u"), "ạ\n")
    refuses(t.Malformed, t.read_utf8, "ạ\n".encode(), 3, "u", reason="more than 3")
    for raw in (b"\0", b"\t", b"\r", b"\x1f"):
        refuses(t.Malformed, t.read_utf8, b"a" + raw, 9, "u", reason="control")
    refuses(t.Malformed, t.read_utf8, b"\xff", 9, "u", reason="UTF-8")


def stored(m: SimpleNamespace) -> None:
    t, bad = m.tiles, m.text.Malformed
    for place in ((0, 0, 256), (63, 1_234_067, 1), (None, 999, 255), (None, 5, 256), (1, 10**15 - 1, 255)):
        accepted(t.read_path(t.path(*place)), place)
    for text in ("tile/64/000", "tile/65/000", "tile/00/000", "tile/0/x000/001", "tile/0/zzz", ""):
        refuses(bad, t.read_path, text)
    for partial in ("0", "01", "256", "999"):
        refuses(bad, t.read_path, f"tile/0/000.p/{partial}")
    longest = "tile/entries/" + "x001/" * 7 + "000.p/255"
    accepted(t.read_path("tile/0/" + "x001/" * 10 + "000.p/1")[2], 1)
    refuses(bad, t.read_path, "tile/0/" + "x001/" * 10 + "000.p/11")
    accepted(t.read_path(longest)[2], 255)
    bundled = t.bundle([b"one", b"", b"three"])
    accepted(t.read_bundle(bundled, 3), [b"one", b"", b"three"])
    accepted(t.read_bundle(b"", 0), [])
    accepted(t.read_bundle(bundled[:7], 2), [b"one", b""])
    for width in (2, 4):
        refuses(bad, t.read_bundle, bundled, width, reason="3 entries")
    for cut in range(1, len(bundled)):
        if cut not in (5, 7):
            refuses(bad, t.read_bundle, bundled[:cut], 3, reason="within an entry")
    accepted(t.replay(NAIVE.leaves, [0, 1, 7, 21]), {size: NAIVE.mth(0, size) for size in (0, 1, 7, 20)})
    accepted(t.replay([]), {0: m.tree.EMPTY})
    edge, tiles = t.Edge().grow(HASHES_OF)
    accepted(edge.root(), NAIVE.mth(0, 20))
    tile = dict(tiles)[t.TilePlace(0, 0)]
    accepted(t.Edge.read(20, {t.TilePlace(0, 0): tile}), edge)
    accepted(t.Edge.read(20, {t.TilePlace(0, 0): tile + bytes(236 * 32)}), edge)
    for broken in (tile[:-1], tile[:-32], b"", tile + bytes(236 * 32) + b"\0", tile + bytes(300 * 32)):
        refuses(bad, t.Edge.read, 20, {t.TilePlace(0, 0): broken}, reason="tile/0/000")
    refuses(bad, t.Edge.read, 20, {}, reason="tile/0/000")


def notes(m: SimpleNamespace) -> None:  # noqa: C901 - one mutation below the other
    n, bad, unsigned = m.note, m.text.Malformed, m.text.BadSignature
    key = n.VerifierKey.read(str(LOG.verifier))
    witness = n.VerifierKey.read(str(WITNESS.verifier))
    signer = n.SignerKey.read(LOG.secret_text())
    cosigner = n.SignerKey.read(WITNESS.secret_text())
    accepted(str(signer.verifier), str(LOG.verifier))
    for text in refused.KEYS:
        refuses(bad, n.VerifierKey.read, text)
        refuses(bad, n.SignerKey.read, f"PRIVATE+KEY+{text}")
    refuses(bad, n.SignerKey.read, LOG.secret_text().replace("c89bd381", "c89bd380"))
    refuses(bad, n.SignerKey.read, LOG.secret_text().replace("c89bd381", "c89bd382"))
    refuses(bad, n.SignerKey.read, str(LOG.verifier))
    for name in ("", "a+b", "a b", "a\u00a0b", "a\x1fb", "a\nb", "\x00"):
        refuses(bad, n.SignerKey.new, name, n.KeyKind.NOTE, reason="name of a key")
    accepted(n.SignerKey.new("a!", n.KeyKind.NOTE).name, "a!")
    refuses(TypeError, signer.sign, "x\n", 1)
    refuses(TypeError, cosigner.sign, "x\n")
    for raw, reason in refused.NOTES:
        refuses(bad, n.Note.read, raw, reason=reason)
    for text, reason in refused.CHECKPOINTS:
        refuses(bad, m.checkpoint.Checkpoint.read, text, reason=reason)
    for root in (ZERO, ONES):
        refuses(bad, m.checkpoint.Checkpoint.read, f"a\n0\n{m.text.base64(root)}\n", reason="empty tree")
        accepted(m.checkpoint.Checkpoint.read(f"a\n1\n{m.text.base64(root)}\n").root, root)
    accepted(m.checkpoint.Checkpoint.read(f"a\n0\n{m.text.base64(m.tree.EMPTY)}\n").size, 0)
    most = n.Note(NOTE_TEXT, (signer.sign(NOTE_TEXT),) * 64)
    accepted(n.Note.read(bytes(most)), most)
    accepted(n.read_signatures(""), ())
    shortest = n.NoteSignature("a", b"1234", b"5")
    accepted(n.NoteSignature.read(shortest.line[:-1]), shortest)
    note = n.Note.read(bytes(n.Note(NOTE_TEXT, (signer.sign(NOTE_TEXT), cosigner.sign(NOTE_TEXT, AT)))))
    accepted(note.check([key, witness]), (n.Signed(key, None), n.Signed(witness, AT)))
    accepted(note.check([witness]), (n.Signed(witness, AT),))
    accepted(note.check([]), ())
    for order in (TWICE, TWICE[::-1], TWICE[1:], TWICE[:2]):
        lines = "".join(one.line for one in order)
        accepted(n.Note(NOTE_TEXT, n.read_signatures(lines)).check([witness]), (n.Signed(witness, AT - 5),))
    accepted(n.Note(NOTE_TEXT, note.signatures[:1] * 2).check([key]), (n.Signed(key, None),))
    good = note.signatures[0]
    for name, number in (("a", good.id), ("z", good.id), (good.name, ZERO[:4]), (good.name, ONES[:4])):
        stranger = n.NoteSignature(name, number, good.value)
        accepted(n.Note(NOTE_TEXT, (stranger, good)).check([key]), (n.Signed(key, None),))
    for value in (good.value[:-1], good.value + b"\0", ONES + ONES):
        refuses(unsigned, n.Note(NOTE_TEXT, (good, n.NoteSignature(good.name, good.id, value))).check, [key])
    for at in (0, AT, LARGEST):
        accepted(n.Note(NOTE_TEXT, (cosigner.sign(NOTE_TEXT, at),)).check([witness])[0].at, at)
    for at in (LARGEST + 1, LARGEST + 2):
        refuses(unsigned, n.Note(NOTE_TEXT, (cosigner.sign(NOTE_TEXT, at),)).check, [witness], reason="beyond")


def policies(m: SimpleNamespace) -> None:
    n, bad, unsigned = m.note, m.text.Malformed, m.text.BadSignature
    for raw, reason in refused.POLICIES:
        refuses(bad, m.witness_policy.Policy.read, raw, reason=reason)
    keys = [n.SignerKey.read(one.secret_text()) for one in (LOG, WITNESS, refused.SECOND, refused.THIRD)]
    log, others = keys[0], keys[1:]
    for quorum in range(4):
        raw = "\n".join(["# whom", "", *refused.LINES, f"quorum {quorum}", ""]).encode()
        policy = m.witness_policy.Policy.read(raw)
        accepted(bytes(policy), raw[8:].replace(b"\n\n", b"\n"))
        for cosigning in range(4):
            signatures = (log.sign(NOTE_TEXT), *(one.sign(NOTE_TEXT, AT) for one in others[:cosigning]))
            note = n.Note(NOTE_TEXT, signatures)
            verdict = policy.judge(note)
            accepted(len(verdict.cosigned), cosigning)
            accepted(verdict.accepted, cosigning >= quorum)
            accepted(verdict.witnessed, cosigning >= quorum > 0)
            accepted(verdict.at, AT if cosigning else None)
            if cosigning >= quorum:
                accepted(policy.verify(note), verdict)
            else:
                refuses(m.witness_policy.QuorumMissed, policy.verify, note, reason=f"cosigned {cosigning} of 3")
    alone = n.Note(NOTE_TEXT, (others[0].sign(NOTE_TEXT, AT),))
    refuses(unsigned, policy.judge, alone, reason="no trusted key")
    for name in ("aaa", "zzz"):
        elsewhere = n.SignerKey.new(name, n.KeyKind.NOTE)
        both = m.witness_policy.Policy.read(
            f"log {log.verifier}\nlog {elsewhere.verifier} https://x\nquorum 0\n".encode()
        )
        refuses(unsigned, both.judge, n.Note(NOTE_TEXT, (elsewhere.sign(NOTE_TEXT),)), reason="no trusted key")
        accepted(both.judge(n.Note(NOTE_TEXT, (log.sign(NOTE_TEXT),))).quorum, 0)
        accepted(both.knows(n.Note(NOTE_TEXT, (log.sign(NOTE_TEXT),))), True)
        accepted(both.knows(n.Note(NOTE_TEXT, (elsewhere.sign(NOTE_TEXT),))), False)
    for raw, reason in refused.PROOFS:
        refuses(bad, m.proof.Proof.read, raw, reason=reason)
    trusted = m.witness_policy.Policy.read(POLICY)
    for raw in (PROOF, PROOF.replace(b"index", b"extra QQ==\nindex"), PROOF.replace(b"index", b"extra \nindex")):
        accepted(bytes(m.proof.Proof.read(raw)), raw)
        accepted(m.proof.Proof.read(raw).verify(LEAVES[1], trusted).witnessed, True)
    refuses(m.text.BadProof, m.proof.Proof.read(PROOF).verify, LEAVES[0], trusted)


def witnesses(m: SimpleNamespace) -> None:
    w, n = m.witness, m.note
    for raw, reason in refused.REQUESTS:
        refuses(m.text.Malformed, w.Request.read, raw, reason=reason)
    accepted(bytes(w.Request.read(refused.REQUEST.encode())), refused.REQUEST.encode())
    accepted(w.Request.read(refused.REQUEST.replace("old 5", "old 9").encode()).old, 9)
    log, key = n.SignerKey.read(LOG.secret_text()), n.SignerKey.read(WITNESS.secret_text())
    refuses(m.text.Malformed, w.Witness, log, (), reason="not for cosignatures")
    watching = w.Witness(key, (log.verifier,))

    def head(size: int, root: bytes = b"") -> Any:
        return m.checkpoint.Checkpoint(ORIGIN, size, root or NAIVE.mth(0, size))

    def status(old: int, new: Any, last: Any, signer: Any = log) -> int:
        proof = NAIVE.proof(old, new.size) if 0 < old <= new.size else []
        answer = watching.answer(w.Request.of(old, proof, n.Note(new.text, (signer.sign(new.text),))), last, AT)
        accepted(answer.keep, new if answer.status == 200 else None)
        accepted(answer.evidence is not None, answer.status == 422)
        return int(answer.status)

    accepted(status(0, head(5), None), 200)
    accepted(status(0, head(0), None), 200)
    accepted(status(3, head(5), None), 409)
    accepted(status(5, head(3), head(5)), 422)
    accepted(status(5, head(9), head(5)), 200)
    accepted(status(5, head(5), head(5)), 200)
    for old in (0, 4, 6, 9):
        accepted(status(old, head(9), head(5)), 409)
    for root in (ZERO, ONES):
        accepted(status(5, head(5, root), head(5)), 422)
        accepted(status(5, head(9, root), head(5)), 422)
        accepted(status(5, head(9), head(5, root)), 422)
    for name in ("aaa", "zzz"):
        accepted(status(0, m.checkpoint.Checkpoint(name, 5, ONES), None), 404)
    accepted(status(5, head(9), head(5), n.SignerKey.new(ORIGIN, n.KeyKind.NOTE)), 403)
    wrong = n.NoteSignature(ORIGIN, log.verifier.id, ONES + ONES)
    accepted(watching.answer(w.Request.of(0, [], n.Note(head(5).text, (wrong,))), None, AT).status, 403)


def epochs(m: SimpleNamespace) -> None:
    e = m.epoch
    for number in (1, 2, 9, 10, 99, 100, e.MOST):
        origin = "a/t/1" if number == 1 else f"a/t/1/e{number}"
        accepted(e.Epoch.read(origin), e.Epoch("a/t/1", number))
        accepted(e.Epoch("a/t/1", number).origin, origin)
        accepted(e.covers(origin, origin), True)
        accepted(e.covers(origin, "a/t/1"), True)
        for other in ("a/t/2", "a/t/0", "a/t/1/e1000", "a/t/1/e1", "a/t/1/e02", "b", ""):
            accepted(e.covers(origin, other), False)
            accepted(e.covers(other, origin), False)
    accepted([e.covers("a/e5", f"a/e{number}") for number in (2, 4, 5, 6, 999)], [True, True, True, False, False])
    accepted(e.Epoch("a", 1).next(), e.Epoch("a", 2))
    accepted(e.Epoch("a", e.MOST - 1).next().origin, "a/e999")
    for number in (e.MOST, e.MOST + 1):
        refuses(ValueError, e.Epoch("a", number).next, reason="last epoch")


# The test ---------------------------------------------------------------------------------------------


def test_the_verifier_itself_passes():
    with ledger() as made:
        matrix(made)


def test_no_mutant_of_the_verifier_lives():
    alive, killed = [], 0
    for label, name, tree in mutants():
        try:
            with ledger(name, tree) as made:
                matrix(made)
        except Exception:  # noqa: BLE001 - a mutant may fall over in any way
            killed += 1
        else:
            alive.append(label)

    assert sorted(alive) == sorted(SAME)
    assert killed > 300
