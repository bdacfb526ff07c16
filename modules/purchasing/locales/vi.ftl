# Texts of purchasing (vi). Which keys there are, with their English: fondaco schema --texts purchasing
