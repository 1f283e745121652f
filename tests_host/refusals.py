# What a session that refuses a command does, for tests on both engines.
from testkit import raises

from smets.gbcs import session


def refused(made, data, reason):
    """The command gets no response, and is counted under its reason and no other."""
    before = dict(made.refusals)
    answered = made.answered
    with raises(session.Refused) as caught:
        made.handle(data)
    assert caught.error.reason == reason, str(caught.error)
    before[reason] = before.get(reason, 0) + 1
    assert made.refusals == before
    assert made.answered == answered
    return str(caught.error)
