# Texts of sales (th). Which keys there are, with their English: fondaco schema --texts sales
