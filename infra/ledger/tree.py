"""The Merkle tree of RFC 6962 over SHA-256: its nodes, its proofs and how they are verified.

Verifying follows the formulae of section 2.1 from the root down, so a proof with a hash too few, too many or in
another place has nowhere to go. Proofs are made in `tiles`.
"""

from collections.abc import Iterable, Sequence
from hashlib import sha256

from infra.ledger.text import HASHES, LARGEST, BadProof

EMPTY = sha256(b"").digest()

#: Bytes of one hash.
WIDTH = 32


def node(left: bytes, right: bytes) -> bytes:
    return sha256(b"\x01" + left + right).digest()


def split(size: int) -> int:
    """Leaves of the left subtree: the largest power of two below `size`, which is 2 or more."""
    return 1 << (size - 1).bit_length() - 1


def parents(hashes: bytes) -> bytes:
    """The nodes above an even number of hashes that lie end to end."""
    pair = 2 * WIDTH
    return b"".join([sha256(b"\x01" + hashes[at : at + pair]).digest() for at in range(0, len(hashes), pair)])


def fold(subtrees: Iterable[bytes]) -> bytes:
    """The root over complete subtrees that get smaller from left to right."""
    root = b""
    for subtree in reversed(list(subtrees)):
        root = node(subtree, root) if root else subtree
    return root or EMPTY


def verify_inclusion(index: int, size: int, leaf: bytes, path: Sequence[bytes], root: bytes) -> None:
    """The leaf hash stands at `index` (from 0) of the tree of `size` leaves with this root.

    Raises BadProof.
    """
    if not 0 <= index < size <= LARGEST:
        raise BadProof(f"there is no leaf {index} in a tree of {size}")
    _check_hashes(leaf, root, *path)
    if _root_above(index, size, leaf, path) != root:
        raise BadProof(f"leaf {index} and its proof do not lead to the root of the tree of {size}")


def verify_consistency(old: int, old_root: bytes, new: int, new_root: bytes, proof: Sequence[bytes]) -> None:
    """The tree of `new` leaves begins with the very leaves of the tree of `old`.

    Raises BadProof. The empty tree is the beginning of every tree, and the proof of that has no hashes.
    """
    if not 0 <= old <= new <= LARGEST:
        raise BadProof(f"a tree of {new} cannot follow a tree of {old}")
    _check_hashes(old_root, new_root, *proof)
    if old == 0:
        if proof:
            raise BadProof("a proof from the empty tree has no hashes")
        roots = EMPTY, (new_root if new else EMPTY)
    else:
        roots = _roots_above(old, new, proof, old_root)
    if roots != (old_root, new_root):
        raise BadProof(f"the tree of {new} does not begin with the tree of {old}, or the proof is another's")


def _root_above(index: int, size: int, leaf: bytes, path: Sequence[bytes]) -> bytes:
    """PATH(m, D[n]) of section 2.1.1, read backwards."""
    if size == 1:
        if path:
            raise BadProof("the proof has more hashes than the tree has levels")
        return leaf
    below, sibling = _last(path)
    left = split(size)
    if index < left:
        return node(_root_above(index, left, leaf, below), sibling)
    return node(sibling, _root_above(index - left, size - left, leaf, below))


def _roots_above(old: int, new: int, proof: Sequence[bytes], known: bytes | None) -> tuple[bytes, bytes]:
    """SUBPROOF(m, D[n], b) of section 2.1.2, read backwards: the roots of both trees. `known` stands for b."""
    if old == new:
        if known is None:
            rest, known = _last(proof)
        else:
            rest = proof
        if rest:
            raise BadProof("the proof has more hashes than the trees have levels")
        return known, known
    below, sibling = _last(proof)
    left = split(new)
    if old <= left:
        old_root, new_root = _roots_above(old, left, below, known)
        return old_root, node(new_root, sibling)
    old_root, new_root = _roots_above(old - left, new - left, below, None)
    return node(sibling, old_root), node(sibling, new_root)


def _last(path: Sequence[bytes]) -> tuple[Sequence[bytes], bytes]:
    if not path:
        raise BadProof("the proof has fewer hashes than the tree has levels")
    return path[:-1], path[-1]


def _check_hashes(*hashes: bytes) -> None:
    if len(hashes) > HASHES + 2:
        raise BadProof(f"more than {HASHES} hashes")
    if any(len(one) != WIDTH for one in hashes):
        raise BadProof(f"a hash that is not of {WIDTH} bytes")
