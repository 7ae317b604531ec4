"""Does an API's reply say that the credential is no good?"""
