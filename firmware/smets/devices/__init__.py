# Device roles: which tables and which features each is made of.
# A role is imported when it is built, so a board holds the code of its own role only.

ROLES = ("esme", "gsme", "gpf", "chf", "ihd", "ppmid", "sapc", "hcalcs")


def build(role: str, store=None):
    """A fresh device of a role (one of ROLES); ValueError for another word.

    `store` (smets.ports.store) keeps what must survive a power cut.
    """
    if role == "esme":
        from smets.devices.esme import Esme

        return Esme(store)
    if role == "gsme":
        from smets.devices.gsme import Gsme

        return Gsme(store)
    if role == "gpf":
        from smets.devices.gpf import Gpf

        return Gpf(store)
    if role == "chf":
        from smets.devices.chf import Chf

        return Chf(store)
    if role == "ihd":
        from smets.devices.ihd import Ihd

        return Ihd(store)
    if role == "ppmid":
        from smets.devices.ppmid import Ppmid

        return Ppmid(store)
    if role == "sapc":
        from smets.devices.sapc import Sapc

        return Sapc(store)
    if role == "hcalcs":
        from smets.devices.hcalcs import Hcalcs

        return Hcalcs(store)
    raise ValueError("no device role " + role)
