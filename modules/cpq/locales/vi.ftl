# Texts of cpq (vi). Which keys there are, with their English: fondaco schema --texts cpq
