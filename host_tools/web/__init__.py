"""The browser view of a home: `smets home --web`, on loopback only."""
