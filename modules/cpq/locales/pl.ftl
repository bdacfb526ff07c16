# Texts of cpq (pl). Which keys there are, with their English: fondaco schema --texts cpq
