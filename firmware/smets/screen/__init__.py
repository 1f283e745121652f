# What a display shows: view.py says what, pages.py where, canvas.py draws; ports/screen.py shows.
# Local time exists in this package only.
