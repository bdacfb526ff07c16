# Texts of hr (pl). Which keys there are, with their English: fondaco schema --texts hr
