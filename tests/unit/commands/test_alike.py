"""Twenty hosts with one trouble are one message."""

from __future__ import annotations

from nginxgen.commands.alike import told
from nginxgen.errors import HostRefused, InputError, NeedsHuman, SeveralRefused, Unreachable


def down(number: int) -> Unreachable:
    return Unreachable(f"edge-{number}", f"cannot connect to 10.0.0.{number}:22: refused", hint="is sshd up?")


def said(*causes: HostRefused | NeedsHuman | InputError) -> list[str]:
    return [finding.message for finding in told(SeveralRefused(causes))]


def test_the_same_words_are_said_once() -> None:
    causes = [HostRefused(name, "no-binary", "there is no nginx", hint="set it") for name in ("a", "b", "c")]
    assert said(*causes) == ["a, b and c: there is no nginx"]


def test_two_hosts_keep_their_own_words() -> None:
    assert len(said(down(1), down(2))) == 2


def test_many_that_differ_in_an_address_are_one() -> None:
    (message,) = said(*(down(number) for number in range(1, 21)))
    assert message.startswith("edge-1, edge-2, edge-3, edge-4, edge-5, edge-6, edge-7, edge-8 and 12 more: ")
    assert "cannot connect to 10.0.0.1:22: refused (this is edge-1, the others are alike)" in message


def test_another_trouble_is_another_message() -> None:
    messages = said(*(down(number) for number in range(1, 6)), HostRefused("x", "no-sudo", "no sudo right"))
    assert len(messages) == 2
    assert messages[1] == "x: no sudo right"


def test_what_is_about_no_host_is_kept() -> None:
    assert said(InputError("one"), InputError("two")) == ["one", "two"]
    assert [finding.message for finding in told(InputError("one"))] == ["one"]


def test_the_hint_comes_along() -> None:
    assert [finding.hint for finding in told(SeveralRefused([down(1), down(2)]))] == ["is sshd up?"] * 2
    assert said(NeedsHuman("see to it", host="a"), NeedsHuman("see to it", host="b")) == ["a and b: see to it"]
