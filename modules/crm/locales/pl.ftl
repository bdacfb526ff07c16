# Texts of crm (pl). Which keys there are, with their English: fondaco schema --texts crm
