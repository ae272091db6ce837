"""The command line: which verbs there are. A verb's module is imported when it runs, so that start-up stays small."""

from __future__ import annotations

import gc
import signal
import sys
from collections.abc import Mapping, Sequence
from importlib import import_module
from typing import NoReturn

import click

from nginxgen import __version__
from nginxgen.commands.boundary import Line, guarded
from nginxgen.commands.where import inventory_option

# Python looks for garbage after each 700 objects, which is a fifth of checking a thousand services, and nearly all that
# it looks at stays to the end.
RARELY = (10_000, 10, 10)

# The one-line help stands here as well, so that `nginxgen --help` imports no verb.
VERBS: Mapping[str, str] = {
    "init": "Write a commented inventory to start from.",
    "check": "Look for faults in the inventory and in the config that it gives.",
    "render": "Show or write the config of every host, offline.",
    "plan": "Show what would change on each host.",
    "apply": "Bring every host to what the inventory says, all or none.",
    "revert": "Bring every host back to the release that was live before.",
    "emergency": "Turn every canary off, everywhere, at once.",
    "set": "Give the canary this share: short for apply --weight.",
    "rollout": "From 0 to 100 % by evidence, step by step.",
    "stage": "Serve step N of the rollout now: short for rollout promote --to N.",
    "report": "Tell the story of the last rollout, in one file.",
    "alerts": "Find out whether anybody hears a rollout's alerts.",
    "status": "Show what every host has and serves.",
    "explain": "Say which version a request gets, and which rule decides.",
    "prove": "Try the config by requests, in a private nginx on this machine.",
    "preflight": "Look at everything that a rollout needs, before it begins.",
    "smoke": "Ask every service's smoke requests through every host.",
    "monitor": "Watch canary and stable side by side, and judge them by gates.",
    "history": "Show who changed what, when and why.",
    "export": "Write alert rules, a dashboard or systemd units for a rollout.",
    "host-setup": "Let a stolen key do nothing on a host but nginxgen's steps.",
    "demo": "Play the whole story on a private fleet on this machine.",
}

_CHANGING = frozenset({"apply", "revert", "emergency", "set", "rollout", "stage", "host-setup"})
_LOOKING = frozenset({"status", "--dry-run"})  # with these words such a verb only looks


class Verbs(click.Group):
    """A group that knows its verbs by name and imports one when it is needed."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002  (click's signature)
        return list(VERBS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002  (click's signature)
        if cmd_name not in VERBS:
            return None
        command = import_module(f"nginxgen.commands.{cmd_name.replace('-', '_')}").command
        assert isinstance(command, click.Command)  # noqa: S101  (for the type checker: every verb's module has one)
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args and args[0] not in VERBS and not args[0].startswith("-"):
            from nginxgen.model.nearest import did_you_mean  # noqa: PLC0415  (as above)

            hint = did_you_mean(args[0], VERBS)
            raise click.UsageError(f'there is no verb "{args[0]}"' + (f"\n{hint}" if hint else ""), ctx)
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002  (click's signature)
        with formatter.section("Verbs"):
            formatter.write_dl(list(VERBS.items()))


@click.group(
    cls=Verbs,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="Exit codes: 0 done, 2 wrong input, 3 changes (--exit-code), 4 refused, 5 failed and undone, "
    "6 a host needs a human, 7 a rollout was aborted by its gates, 130 interrupted, 1 a bug.",
)
@click.version_option(__version__, prog_name="nginxgen", message="%(prog)s %(version)s")
@inventory_option
def verbs(inventory: str | None) -> None:
    """Gray releases for plain nginx on hosts you reach by SSH: plan, apply, prove, revert."""


def run(arguments: Sequence[str]) -> int:
    """The exit code. Never raises, but for SystemExit of a verb's own."""
    verb = next((word for word in arguments if word in VERBS), None)
    usage = f"nginxgen {verb} --help" if verb else "nginxgen --help"
    line = Line(usage, changes=verb in _CHANGING and _LOOKING.isdisjoint(arguments))
    return guarded(lambda: verbs.main(args=list(arguments), prog_name="nginxgen", standalone_mode=False), line)


def main() -> NoReturn:
    gc.set_threshold(*RARELY)
    code = run(sys.argv[1:])
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # all is said: Ctrl-C in what Python does to end would be a traceback
    sys.exit(code)
