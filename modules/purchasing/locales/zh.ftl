# Texts of purchasing (zh). Which keys there are, with their English: fondaco schema --texts purchasing
