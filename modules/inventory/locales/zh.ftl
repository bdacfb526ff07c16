# Texts of inventory (zh). Which keys there are, with their English: fondaco schema --texts inventory
