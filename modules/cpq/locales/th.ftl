# Texts of cpq (th). Which keys there are, with their English: fondaco schema --texts cpq
