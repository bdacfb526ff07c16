# Texts of manufacturing (pl). Which keys there are, with their English: fondaco schema --texts manufacturing
