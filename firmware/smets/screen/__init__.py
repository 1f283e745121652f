# The screen of a display: view.py has the values, pages.py their places, canvas.py draws them, and
# ports/screen.py shows the pixels.
# Local time exists in this package only.
