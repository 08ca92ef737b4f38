"""The command line, `minhchuan`: one dispatcher; what a command does stands in the module of its activity.

Every command works on one data folder (`--folder`, else `MINHCHUAN_FOLDER`, else a default) and starts there what
the environment gives no address for. Each imports only what it needs: a witness and `verify-dossier` load nothing that
serves pages or reads a database.
"""

import argparse
import asyncio
import signal
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TypeAlias

from infra.platform.config import Lacking, Settings, folder_of, read_settings
from services.processes.logging_setup import plain_logs
from services.visible import readable


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; its exit status. What the surroundings lack is said in a line and is status 2."""
    signal.signal(signal.SIGINT, signal.default_int_handler)  # a script's background job begins with it ignored
    signal.signal(signal.SIGTERM, lambda *_: signal.raise_signal(signal.SIGINT))  # both end it in order
    plain_logs()
    given = arguments().parse_args(argv)
    try:
        return int(given.run(given) or 0)
    except Lacking as reason:
        print(readable(f"minhchuan: {reason}"), file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 130
    except Exception as reason:
        if not interrupted(reason):
            raise
        print(readable(f"minhchuan: interrupted ({type(reason).__name__}: {reason})"), file=sys.stderr)
        return 130


def interrupted(reason: BaseException | None) -> bool:
    """Whether an error came of an interrupt: one that arrives at a bad moment surfaces as what its clean-up met."""
    while reason and not isinstance(reason, KeyboardInterrupt):
        reason = reason.__cause__ or reason.__context__
    return reason is not None


# Commands ---------------------------------------------------------------------------------------------


def serve(given: argparse.Namespace) -> None:
    from services.processes import serve

    with surroundings(given) as settings:
        asyncio.run(fits(settings.app_url))
        serve.run(settings)


def projector(given: argparse.Namespace) -> None:
    from services.processes import projector

    with surroundings(given, redis=False) as settings:
        asyncio.run(fits(settings.app_url))
        asyncio.run(projector.run(settings))


def sealer(given: argparse.Namespace) -> int:
    from services.operations import rotate_key
    from services.processes import sealer

    with surroundings(given, redis=False) as settings:
        if given.next_key:
            return asyncio.run(rotate_key.make_next(settings, given.next_key))
        if given.retire_key:
            return asyncio.run(rotate_key.retire(settings, given.retire_key))
        if given.vkeys:
            return asyncio.run(sealer.show_keys(settings, only=given.tenant or ()))
        return asyncio.run(sealer.run(settings, once=given.once, only=given.tenant or ()))


def witness(given: argparse.Namespace) -> None:
    from services.processes import witness

    witness.run(folder_of(given.folder), name=given.name, host=given.host, port=given.port)


def verify(given: argparse.Namespace) -> int:
    from services.operations import verify_log

    with surroundings(given, redis=False) as settings:
        return asyncio.run(verify_log.run(settings, given))


def export_log(given: argparse.Namespace) -> int:
    from services.operations import export_log as log_export

    with surroundings(given, redis=False) as settings:
        return asyncio.run(log_export.run(settings, given))


def restore_log(given: argparse.Namespace) -> None:
    from services.operations import restore_log as restoring

    with surroundings(given) as settings:
        asyncio.run(restoring.run(settings, given))


def close_log(given: argparse.Namespace) -> None:
    from services.operations import close_log as closing

    with surroundings(given) as settings:
        asyncio.run(closing.run_close(settings, given))


def succeed_log(given: argparse.Namespace) -> None:
    from services.operations import close_log as closing

    with surroundings(given) as settings:
        asyncio.run(closing.run_succeed(settings, given))


def export_dossier(given: argparse.Namespace) -> int:
    from services.proof_package import build

    with surroundings(given, redis=False) as settings:
        return asyncio.run(build.run(settings, given))


def sign_dossier(given: argparse.Namespace) -> None:
    from services.proof_package import sign

    asyncio.run(sign.run(given))


def verify_dossier(given: argparse.Namespace) -> int:
    from services.proof_package import verify as verify_log

    return asyncio.run(verify_log.run(given))


def scrub_evidence(given: argparse.Namespace) -> int:
    from services.operations import scrub_files

    with surroundings(given, redis=False) as settings:
        return asyncio.run(scrub_files.run(settings, given))


def worker(given: argparse.Namespace) -> None:
    from services.processes import worker

    with surroundings(given) as settings:
        asyncio.run(fits(settings.app_url))
        worker.run(settings, given.queue)


def provider(given: argparse.Namespace) -> None:
    from services.demo import provider as demo_provider

    with surroundings(given) as settings:
        demo_provider.run(settings)


def migrate_all(given: argparse.Namespace) -> None:
    from infra.schema import migrate

    with surroundings(given, redis=False) as settings:
        for schema in asyncio.run(migrate.everything(settings)):
            print(readable(schema))


def health(given: argparse.Namespace) -> int:
    from services.processes import health

    return health.run(read_settings(given.folder), given.process, given.port)


def rebuild(given: argparse.Namespace) -> None:
    from services.processes import projector

    with surroundings(given) as settings:
        asyncio.run(projector.rebuild(settings, tenant=given.tenant, projection=given.projection))


def check_configuration(given: argparse.Namespace) -> int:
    from services.operations import check_configuration

    with surroundings(given) as settings:
        return asyncio.run(check_configuration.run(settings))


def demo(given: argparse.Namespace) -> int:
    from services import demo

    if given.check:
        return demo.check(given.folder)
    with surroundings(given) as settings:
        return demo.run(settings)


def judge_sheet(given: argparse.Namespace) -> int:
    from services.operations import judge_sheet

    return judge_sheet.main([given.file])


def create_tenant(given: argparse.Namespace) -> None:
    from services.operations import create_tenant as tenancy

    with surroundings(given) as settings:
        asyncio.run(tenancy.create(settings, given))


def list_tenants(given: argparse.Namespace) -> None:
    from services.operations import create_tenant as tenancy

    with surroundings(given) as settings:
        asyncio.run(tenancy.show(settings))


def suspend_tenant(given: argparse.Namespace) -> None:
    from services.operations import create_tenant as tenancy

    with surroundings(given, redis=False) as settings:
        asyncio.run(tenancy.suspend(settings, given))


def resume_tenant(given: argparse.Namespace) -> None:
    from services.operations import create_tenant as tenancy

    with surroundings(given, redis=False) as settings:
        asyncio.run(tenancy.resume(settings, given))


def publish_policy(given: argparse.Namespace) -> None:
    from services.operations import publish_policy as policies

    with surroundings(given) as settings:
        asyncio.run(policies.publish_file(settings, given))


def show_receipt_key(given: argparse.Namespace) -> None:
    from services.operations import publish_policy as policies

    with surroundings(given) as settings:
        asyncio.run(policies.show_receipt_key(settings, given))


def verify_receipt(given: argparse.Namespace) -> int:
    from services.seals import proof_download

    return proof_download.run(given)


def show_policy(given: argparse.Namespace) -> int:
    from services.operations import publish_policy as policies

    with surroundings(given) as settings:
        return asyncio.run(policies.show(settings, given))


def announce_key(given: argparse.Namespace) -> None:
    from services.operations import publish_policy as policies

    with surroundings(given) as settings:
        asyncio.run(policies.announce_key(settings, given))


async def fits(url: str) -> None:
    """What a process of this version reads of the registry is there, or `main` says what to run.

    A database that is away may be on its way: that is no reason not to start.
    """
    from infra.identity.tenants import Tenants
    from infra.platform.database import LOST

    registry = Tenants(url)
    try:
        with suppress(*LOST):
            await registry.all()
    finally:
        await registry.close()


@contextmanager
def surroundings(given: argparse.Namespace, *, redis: bool = True) -> Iterator[Settings]:
    """The settings of the data folder, while its services run. Raises NotMigrated for a database of another version."""
    from infra.platform import embedded
    from infra.schema import migrate

    with embedded.services(read_settings(given.folder), redis=redis) as settings:
        try:
            yield settings
        except migrate.NOT_MIGRATED as reason:
            lacking = f"the database is not as this version needs it ({reason}): run `minhchuan migrate`"
            raise migrate.NotMigrated(lacking) from reason


# Arguments --------------------------------------------------------------------------------------------


#: Processes that can be asked for their health (services/processes/health.py).
HEALTH = ("web", "projector", "sealer", "witness", "worker-short", "worker-long")

Subparsers: TypeAlias = "argparse._SubParsersAction[argparse.ArgumentParser]"  # noqa: SLF001 - it has no public name


def arguments() -> argparse.ArgumentParser:
    every = argparse.ArgumentParser(add_help=False)
    every.add_argument("--folder", type=Path, metavar="DIR", help="the data folder to work on")
    top = argparse.ArgumentParser(prog="minhchuan", description="Communes that meet the legal-access standard.")
    commands = top.add_subparsers(metavar="COMMAND", required=True)
    of_processes(commands, every)
    of_taking_away(commands, every)
    of_provinces(commands, every)
    of_policies(commands, every)
    return top


def of_processes(commands: Subparsers, every: argparse.ArgumentParser) -> None:
    for name, run, text in (
        ("serve", serve, "serve the pages"),
        ("projector", projector, "keep the read models up with the log"),
        ("sealer", sealer, "sign for what the logs hold; ends with status 1 when one must not be signed for"),
        ("witness", witness, "cosign the checkpoints of other people's logs, from a folder of its own"),
        ("verify", verify, "hash whole logs again and hold them against checkpoints; status 1 when one does not fit"),
        ("worker", worker, "do the jobs of one queue"),
        ("provider", provider, "serve the demonstration identity provider"),
        ("migrate", migrate_all, "bring the control schema and every province's to this version"),
        ("rebuild", rebuild, "fold read models anew from the log and swap them in"),
        ("check", check_configuration, "say whether this configuration can work"),
        ("health", health, "say whether a process beside this one lives; status 1 when it does not"),
        ("demo", demo, "run everything on this machine with demonstration data"),
        ("judge", judge_sheet, "judge a sheet given as JSON"),
    ):
        commands.add_parser(name, parents=[every], help=text, description=text).set_defaults(run=run)
    choices = commands.choices
    choices["health"].add_argument("process", choices=[*HEALTH])
    choices["health"].add_argument("--port", type=int, help="where it listens; default: MINHCHUAN_PORT")
    choices["worker"].add_argument("queue", choices=["short", "long"])
    sealing = choices["sealer"].add_mutually_exclusive_group()
    sealing.add_argument("--once", action="store_true", help="sign for everything there is, and end")
    sealing.add_argument("--vkeys", action="store_true", help="print the public keys of the logs, and end")
    sealing.add_argument("--next-key", metavar="SLUG", help="make the key that is to sign this log next, and end")
    sealing.add_argument("--retire-key", metavar="SLUG", help="have that key take the former one's place, and end")
    choices["witness"].add_argument("--name", default="", help="of its key, at the first start: example.org/witness")
    choices["witness"].add_argument("--host", default="127.0.0.1", help="where it listens; default: %(default)s")
    choices["witness"].add_argument("--port", type=int, default=0, help="default: one that the folder keeps")
    choices["sealer"].add_argument("--tenant", metavar="SLUG", action="append", help="this province only; repeatable")
    choices["verify"].add_argument(
        "--checkpoint", type=Path, action="append", default=[], metavar="FILE", help="one held elsewhere; repeatable"
    )
    choices["verify"].add_argument("--policy", type=Path, metavar="FILE", help="whose signatures count")
    for name in ("verify", "rebuild"):
        choices[name].add_argument("--tenant", metavar="SLUG", help="one province only")
    choices["rebuild"].add_argument("--projection", metavar="NAME", help="one projection only")
    choices["demo"].add_argument("--check", action="store_true", help="walk the story, print its steps and stop")
    choices["judge"].add_argument("file", help="a file, or - for standard input")


def of_taking_away(commands: Subparsers, every: argparse.ArgumentParser) -> None:
    log = commands.add_parser("log", help="the logs").add_subparsers(metavar="ACT", required=True)
    build = log.add_parser("export", parents=[every], help="write a log as files that verify without us")
    build.set_defaults(run=export_log)
    build.add_argument("--tiles", action="store_true", help="with tiles and entries, for a static mirror")
    closing = log.add_parser("close", parents=[every], help="end the log of a province that merges into another")
    closing.set_defaults(run=close_log)
    closing.add_argument("--successor", required=True, metavar="SLUG", help="the province that it merges into")
    closing.add_argument("--basis", required=True, metavar="TEXT", help="the document by which they merge")
    text = "record in a province's log the final checkpoint of one that was closed for it"
    succeeding = log.add_parser("succeed", parents=[every], help=text, description=text)
    succeeding.set_defaults(run=succeed_log)
    succeeding.add_argument("--predecessor", required=True, metavar="SLUG", help="the province that merged into it")
    text = "go on after a restored backup that lacks what was signed for, by a fact that says so"
    restoring = log.add_parser("restore", parents=[every], help=text, description=text)
    restoring.set_defaults(run=restore_log)
    for one in (closing, succeeding, restoring):
        one.add_argument("slug", help="the province")
    restoring.add_argument("--reason", required=True, metavar="TEXT", help="what happened; it stays in the log")
    restoring.add_argument("--basis", required=True, metavar="TEXT", help="the document that orders it")
    restoring.add_argument("--ordered-by", metavar="TEXT", help="who signed that")
    restoring.add_argument("--checkpoint", type=Path, metavar="FILE", help="the last one, if the sealer lost its own")
    dossier = commands.add_parser("dossier", help="one recognition").add_subparsers(metavar="ACT", required=True)
    taking = dossier.add_parser("export", parents=[every], help="write all that a decision rests on, with proofs")
    taking.set_defaults(run=export_dossier)
    taking.add_argument("--commune", metavar="CODE", help="with --season; default: the first that was recognised")
    taking.add_argument("--season", metavar="YEAR")
    text = "with evidence.zip, the files that it names; status 1 when one that the decision rests on cannot be read"
    taking.add_argument("--with-evidence", action="store_true", help=text)
    of_signing(dossier)
    for one in (build, taking):
        one.add_argument("--out", type=Path, required=True, metavar="DIR", help="where; must not be there yet")
        one.add_argument("--tenant", metavar="SLUG", help="default: the first province")
        one.add_argument("--policy", type=Path, metavar="FILE", help="whose signatures count; default: as published")
        one.add_argument("--checkpoint", type=Path, metavar="FILE", help="one held elsewhere, to be continued")

    text = "say what a receipt is worth: 0 valid, 3 valid and not witnessed, 5 a promise, 1 invalid; offline"
    checking = commands.add_parser("verify-receipt", help=text, description=text)
    checking.set_defaults(run=verify_receipt)
    checking.add_argument("file", type=Path, help="the proof or the promise")
    checking.add_argument("--policy", type=Path, required=True, metavar="FILE", help="whom you trust")
    evidence = commands.add_parser("evidence", help="the files").add_subparsers(metavar="ACT", required=True)
    text = "hash every file again that a fact names; status 1 when one is missing or wrong"
    scrub_files = evidence.add_parser("scrub", parents=[every], help=text, description=text)
    scrub_files.set_defaults(run=scrub_evidence)
    scrub_files.add_argument("--tenant", metavar="SLUG", help="one province only")
    of_verifying(commands)


def of_verifying(commands: Subparsers) -> None:
    text = "say what a dossier is worth: 0 valid, 3 valid and not witnessed, 4 incomplete, 1 invalid; offline"
    verify_log = commands.add_parser("verify-dossier", help=text, description=text)
    verify_log.set_defaults(run=verify_dossier)
    verify_log.add_argument("path", type=Path, help="the PDF, or the folder")
    verify_log.add_argument(
        "--policy", type=Path, required=True, metavar="FILE", help="whom you trust; not from the dossier"
    )
    verify_log.add_argument("--checkpoint", type=Path, metavar="FILE", help="one that you hold")
    text = "its evidence.zip; default: the one in the folder"
    verify_log.add_argument("--evidence", type=Path, metavar="FILE", help=text)
    verify_log.add_argument(
        "--certificates", type=Path, metavar="FILE", help="roots that you trust for signatures upon the PDF, as PEM"
    )


def of_signing(dossier: Subparsers) -> None:
    text = "sign a dossier with a person's own key, offline; each signature lies behind all that is there already"
    sign = dossier.add_parser("sign", help=text, description=text)
    sign.set_defaults(run=sign_dossier)
    sign.add_argument("pdf", type=Path, metavar="PDF", help="the dossier, signed by others or not")
    sign.add_argument(
        "--key",
        type=Path,
        required=True,
        metavar="FILE",
        help="PKCS #12; its passphrase is asked for, else MINHCHUAN_PASSPHRASE",
    )
    sign.add_argument("--reason", default="", metavar="TEXT", help="why; it stands in the signature")
    sign.add_argument("--out", type=Path, metavar="FILE", help="must not be there yet; default: PDF-signed.pdf")


def of_provinces(commands: Subparsers, every: argparse.ArgumentParser) -> None:
    tenant = commands.add_parser("tenant", help="the provinces").add_subparsers(metavar="ACT", required=True)
    tenant.add_parser("list", parents=[every], help="list the provinces").set_defaults(run=list_tenants)
    for name, run, text in (
        ("suspend", suspend_tenant, "stop the work of a province: its people look on and do nothing"),
        ("resume", resume_tenant, "let the work of a suspended province go on"),
    ):
        stopping = tenant.add_parser(name, parents=[every], help=text, description=text)
        stopping.set_defaults(run=run)
        stopping.add_argument("slug", help="the province")
        stopping.add_argument("--reason", required=True, metavar="TEXT", help="it stays in the operator log")
    create = tenant.add_parser("create", parents=[every], help="take in a province")
    create.set_defaults(run=create_tenant)
    create.add_argument("slug", help="its name in addresses, such as dong-nai")
    create.add_argument("--province", required=True, metavar="CODE", help="its code in the shipped units")
    create.add_argument("--name", help="default: as in the shipped units")
    create.add_argument("--units-of", choices=["until-2025-06-30", "from-2025-07-01"], help="default: those of today")
    create.add_argument("--rulebook", action="append", default=[], metavar="ID", help="no longer adopts: people do")
    create.add_argument("--issuer", metavar="URL", help="of its identity provider")
    create.add_argument("--client-id", metavar="ID", help="as which the identity provider knows us")
    create.add_argument("--admin", metavar="SUBJECT", help="first administrator, as the identity provider names them")


def of_policies(commands: Subparsers, every: argparse.ArgumentParser) -> None:
    policy = commands.add_parser("policy", help="who must cosign").add_subparsers(metavar="ACT", required=True)
    publish = policy.add_parser("publish", parents=[every], help="publish the policy of a province's log")
    publish.set_defaults(run=publish_policy)
    announce = policy.add_parser("announce-key", parents=[every], help="announce the key that signs the log next")
    announce.set_defaults(run=announce_key)
    show = policy.add_parser("show", parents=[every], help="print the policy in force; status 1 when there is none")
    show.set_defaults(run=show_policy)
    promises = policy.add_parser("receipt-key", parents=[every], help="print the public key that signs receipts")
    promises.set_defaults(run=show_receipt_key)
    for one in (publish, announce, show, promises):
        one.add_argument("slug", help="the province")
    publish.add_argument(
        "file", type=Path, help="lines of log, witness (with address) and quorum (c2sp.org/tlog-policy)"
    )
    announce.add_argument("vkey", help="its public key")
    for one in (publish, announce):
        one.add_argument("--basis", metavar="TEXT", help="the document that orders it")


if __name__ == "__main__":
    sys.exit(main())
