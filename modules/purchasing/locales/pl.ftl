# Texts of purchasing (pl). Which keys there are, with their English: fondaco schema --texts purchasing
