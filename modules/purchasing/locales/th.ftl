# Texts of purchasing (th). Which keys there are, with their English: fondaco schema --texts purchasing
