# Pages of money: the active price, and what a prepayment meter has left.
from smets.features.tenancy.cleared import ELECTRICITY
from smets.screen import alerts, layout, words
from smets.screen.canvas import AMBER, GREEN, RED, WHITE
from smets.screen.page_use import ACCENTS, ICONS


def price(paint, shown, part: int):
    """The price of a kWh and the standing charge of a fuel."""
    fuel = shown.paired()[part]
    paint.header(shown, ICONS[fuel.fuel], ("Price now", "Price"), ACCENTS[fuel.fuel])
    text = words.pence(fuel.price)
    if text[-1] == "p":
        paint.big(text[:-1], "p a kWh")
    else:
        paint.big(text, "a kWh")
    paint.row(0, ("Standing charge a day", "Standing a day", "A day"), words.pence(fuel.standing))
    if fuel.fuel == ELECTRICITY:
        cost = words.pence(shown.hourly_cost(), 1)
        paint.row(1, ("Cost of an hour now", "An hour now"), cost)


def credit(paint, shown, part: int):
    """Balance, emergency credit and debt of a meter in prepayment mode."""
    fuel = shown.paired()[part]
    paint.header(shown, ICONS[fuel.fuel], ("Credit",), ACCENTS[fuel.fuel])
    if fuel.prepayment is False:
        text = "This meter is not in prepayment mode."
        paint.lines(layout.broken((((text, WHITE),),), paint.layout))
        return
    owing = fuel.balance is not None and fuel.balance < 0
    paint.big(words.pounds(fuel.balance), "", RED if owing else WHITE)
    paint.row(0, ("Emergency credit", "Emergency"), words.pounds(fuel.emergency))
    paint.row(1, ("Debt",), words.pounds(fuel.debt))
    alert = alerts.of_credit(fuel)
    if alert == alerts.LOW_CREDIT and alerts.emergency_available(fuel):
        paint.strip(("Low: emergency credit available", "Low: emergency available"), AMBER)
    elif alert is not None:
        paint.strip(*alerts.wording(shown, alert, fuel))
    elif fuel.supply == 1:
        paint.strip(("Supply is armed",), AMBER)
    elif fuel.credit is None:
        paint.strip(("State not known",), AMBER, False)
    else:
        paint.strip(("Credit is good",), GREEN, False)
