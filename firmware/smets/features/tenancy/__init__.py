# Change of Tenancy on a display (SECMP0056): what it asks its meters, hides and clears.
# client.py asks, machine.py decides, purge.py clears vault.py as cleared.py and policy.py say.
