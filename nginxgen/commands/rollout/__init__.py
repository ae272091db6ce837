"""rollout: a group of verbs, each imported when it runs."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module

import click

from nginxgen.model.nearest import did_you_mean

# Where each verb is, and what it does in a line, so that --help imports none of them.
VERBS: Mapping[str, tuple[str, str]] = {
    "start": ("hands", "Begin: the next look serves the first step."),
    "run": ("run", "Look, judge and act until the rollout has ended."),
    "tick": ("run", "Look, judge and act once: for cron or a systemd timer."),
    "status": ("status", "Show how it stands, and what comes next."),
    "pause": ("hands", "Stay at this step until somebody says resume."),
    "resume": ("hands", "Go on from where it stood."),
    "approve": ("hands", "Let the next step begin."),
    "promote": ("promote", "Serve the next step now; at the end make the canary stable."),
    "abort": ("hands", "Back to stable, and end it."),
    "retry": ("hands", "Begin anew after an abort, or go on after a pause."),
}


class RolloutVerbs(click.Group):
    """Verbs by name, as the whole command line has them."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002  (click's signature)
        return list(VERBS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002  (click's signature)
        if cmd_name not in VERBS:
            return None
        module = import_module(f"nginxgen.commands.rollout.{VERBS[cmd_name][0]}")
        found = getattr(module, cmd_name)
        assert isinstance(found, click.Command)  # noqa: S101  (for the type checker: every module has its verbs)
        return found

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args and args[0] not in VERBS and not args[0].startswith("-"):
            hint = did_you_mean(args[0], VERBS)
            raise click.UsageError(f'there is no verb "rollout {args[0]}"' + (f"\n{hint}" if hint else ""), ctx)
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002  (click's signature)
        with formatter.section("Verbs"):
            formatter.write_dl([(name, told) for name, (_, told) in VERBS.items()])


@click.group(
    "rollout",
    cls=RolloutVerbs,
    epilog="Example: nginxgen rollout start && nginxgen rollout run. Leaves with 7 where gates have aborted it.",
)
def command() -> None:
    """From 0 to 100 % by evidence, step by step.

    The plan is in the inventory, under rollout. How far it has come stands in the journals of the hosts: kill it, run
    it from another machine or from cron, and it goes on where it stood.
    """
