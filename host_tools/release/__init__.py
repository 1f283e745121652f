"""The release's plan and acceptance criteria: what is due, what our evidence can say of them."""
