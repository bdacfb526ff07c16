# Texts of manufacturing (zh). Which keys there are, with their English: fondaco schema --texts manufacturing
