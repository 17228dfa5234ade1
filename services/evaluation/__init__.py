"""Does the model know what the documents say?"""
