# Texts of manufacturing (vi). Which keys there are, with their English: fondaco schema --texts manufacturing
