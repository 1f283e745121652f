# Device roles: which tables and which features each is made of.
# A role is imported when it is built, so a board holds the code of its own role only.

ROLES = ("esme", "gsme", "gpf", "chf", "ihd", "ppmid")


def build(role: str, store=None):
    """A fresh device of a role (one of ROLES); ValueError for another word.

    `store` (smets.ports.store) keeps what must survive a power cut. The class of a role has its
    name with a capital letter.
    """
    if role not in ROLES:
        raise ValueError("no device role " + role)
    name = role[0].upper() + role[1:]
    return getattr(__import__("smets.devices." + role, None, None, (name,)), name)(store)
