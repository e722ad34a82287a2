"""Names and things that generated cases are about. All of them are invented or everyday.

None is a part of another, so that looking for one in an answer never finds another.
"""

PEOPLE = (
    "Amina", "Bjarne", "Chidi", "Dalia", "Emre", "Farah", "Goran", "Hanna", "Ivo", "Jamila",
    "Kenji", "Leila", "Mateo", "Nadia", "Oskar", "Priya", "Quentin", "Rosa", "Samir", "Tove",
    "Umberto", "Vera", "Wanda", "Xenia", "Yusuf", "Zofia",
)  # fmt: skip
SURNAMES = (
    "Almeida", "Brandt", "Castell", "Duarte", "Eriksen", "Fontaine", "Gupta", "Horvat", "Ibarra",
    "Jensen", "Kowalczyk", "Lindqvist", "Moreau", "Nakamura", "Okoye", "Petrenko", "Quiroga",
    "Rossi", "Sato", "Tanaka", "Usman", "Vermeer", "Wolff", "Yilmaz", "Zamora",
)  # fmt: skip
TOWNS = (
    "Ardenfeld", "Brookmere", "Calder Bay", "Dunmore", "Eastwick", "Farrow", "Glenholm",
    "Hartsford", "Inverlea", "Kestrel Hill", "Larkfield", "Marlow", "Northgate", "Oakhaven",
    "Pinecross", "Quarry End", "Ravensby", "Stonebridge", "Thornbury", "Westmoor",
)  # fmt: skip
DEPARTMENTS = (
    "Accounts", "Archive", "Cardiology", "Catering", "Housing", "Licensing", "Logistics",
    "Parking", "Payroll", "Procurement", "Radiology", "Statistics", "Training", "Translation",
)  # fmt: skip
COLOURS = (
    "amber", "beige", "black", "blue", "bronze", "crimson", "golden", "green", "grey", "ivory",
    "orange", "pink", "purple", "silver", "turquoise", "white", "yellow",
)  # fmt: skip
GOODS = (
    "blankets", "bottles", "brushes", "candles", "chairs", "curtains", "envelopes", "folders",
    "gloves", "hammers", "kettles", "lamps", "mirrors", "notebooks", "pencils", "pillows",
    "plates", "ropes", "scissors", "towels",
)  # fmt: skip
WORDS = (
    "anchor", "basket", "copper", "desert", "engine", "forest", "garden", "harbour", "island",
    "jacket", "kitchen", "ladder", "market", "needle", "orchard", "pepper", "quarter", "ribbon",
    "saddle", "timber", "umbrella", "valley", "window", "yoghurt", "zipper", "barrel", "candle",
    "feather", "hammer", "lantern", "magnet", "pocket", "rocket", "silver", "tunnel", "velvet",
)  # fmt: skip
MONTHS = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September",
    "October", "November", "December",
)  # fmt: skip
WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
