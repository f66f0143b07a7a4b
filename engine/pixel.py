import base64

# The image of one transparent pixel that a letter ends with, by which openings are seen.
PIXEL = base64.b64decode("R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7")
# The same, fetched from nowhere: looking at a letter is no opening.
INERT_PIXEL = f"data:image/gif;base64,{base64.b64encode(PIXEL).decode()}"
