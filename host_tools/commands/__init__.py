"""Commands of `smets`: every module here has `register(app)`, which adds what it offers."""
