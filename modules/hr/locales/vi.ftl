# Texts of hr (vi). Which keys there are, with their English: fondaco schema --texts hr
