# Texts of manufacturing (th). Which keys there are, with their English: fondaco schema --texts manufacturing
