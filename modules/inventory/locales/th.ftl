# Texts of inventory (th). Which keys there are, with their English: fondaco schema --texts inventory
