# Texts of sales (zh). Which keys there are, with their English: fondaco schema --texts sales
