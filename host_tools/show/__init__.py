"""What `smets run` shows: scenes, each with a verdict, played by real device processes."""
