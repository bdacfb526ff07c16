# Texts of sales (pl). Which keys there are, with their English: fondaco schema --texts sales
