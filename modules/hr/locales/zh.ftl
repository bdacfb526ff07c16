# Texts of hr (zh). Which keys there are, with their English: fondaco schema --texts hr
