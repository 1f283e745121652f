# What becomes of an account, as events and alerts (meter.md E.5): what it was is compared with
# what it is once a command is carried out, and as time passes.
from smets.features import alarms, codes
from smets.features.prepayment import account


def of(held) -> tuple:
    """What is told of an account: (code, whether it is so) of each."""
    gone = held.exhausted
    spent = held.emergency == account.SELECTED
    combined = held.balance + (held.emergency_remaining if held.emergency_limit else 0)
    return (
        (codes.LOW_CREDIT, held.prepaid and combined < held.low_credit),
        (codes.EMERGENCY_AVAILABLE, held.emergency == account.AVAILABLE),
        (codes.EMERGENCY_SELECTED, spent),
        (codes.EMERGENCY_EXHAUSTED, spent and gone),
        (codes.DEBT_COLLECTED, held.debt1 <= 0),
        (codes.DEBT_COLLECTED + 1, held.debt2 <= 0),
        (codes.DEBTS_COLLECTED, held.debt3 <= 0),
        (codes.DISABLED, held.supply == account.OFF and held.cause == account.BY_CREDIT),
        (codes.NOT_DISABLED, gone and bool(held.protected)),
    )


def tell(device, before: tuple, now: tuple):
    """Log and alert what has become so."""
    for was, each in zip(before, now):
        if each[1] and not was[1]:
            alarms.happened(device, each[0])
