# Texts of crm (zh). Which keys there are, with their English: fondaco schema --texts crm
