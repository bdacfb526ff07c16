# Texts of inventory (pl). Which keys there are, with their English: fondaco schema --texts inventory
