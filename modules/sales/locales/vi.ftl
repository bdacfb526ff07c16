# Texts of sales (vi). Which keys there are, with their English: fondaco schema --texts sales
