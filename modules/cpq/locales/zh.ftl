# Texts of cpq (zh). Which keys there are, with their English: fondaco schema --texts cpq
