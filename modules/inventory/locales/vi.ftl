# Texts of inventory (vi). Which keys there are, with their English: fondaco schema --texts inventory
