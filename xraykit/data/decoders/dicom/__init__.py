"""DICOM files to grey pictures; ``pydicom`` and the plug-ins come with the extra ``dicom``."""
