# Texts of hr (th). Which keys there are, with their English: fondaco schema --texts hr
